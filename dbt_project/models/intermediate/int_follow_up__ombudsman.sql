{{ recommendations_to_follow_up('ombudsmanden', 'parliament_ombudsman') }}
