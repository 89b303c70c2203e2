"""What the pages say of what was read: pure functions, one module per page or part of a page."""
