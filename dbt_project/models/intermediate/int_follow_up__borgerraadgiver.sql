{{ recommendations_to_follow_up('borgerraadgiveren', 'borgerraadgiver_cases') }}
