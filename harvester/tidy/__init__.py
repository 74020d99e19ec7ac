"""A messy workbook or text file → tidy tables and a list of every change, from which the input can be had back."""
