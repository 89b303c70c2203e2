"""The texts and tables of the pages: pure functions of what was read, one module per page or part of a page."""
