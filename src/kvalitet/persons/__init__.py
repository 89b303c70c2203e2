"""One person's rows: what is held, erasing it, and the keys of the pseudonyms."""
