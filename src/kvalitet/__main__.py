"""`python -m kvalitet`."""

from kvalitet.cli import main

main()
