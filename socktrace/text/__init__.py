"""A recording's content as text for people: small functions from values to strings.

Nothing here writes anywhere. Every text from outside passes `socktrace.escape.printable` on its
way in, so that what these functions return is safe to print.
"""
