"""One person's rows: listing what is held, erasing it, and the keys of the pseudonyms."""
