"""`python -m kvalitet`."""

from kvalitet.cli.app import main

main()
