"""How texts and identity numbers are written, and what each spelling is read as.

Python code and DuckDB's SQL use the same tables and patterns. tests/spelling checks that they give the same results.
"""
