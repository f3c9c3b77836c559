"""What was captured, kept as it came until there is time to make a recording of it.

One program writes a spool and one reads it, on one machine, often while it still grows. It is no
format for keeping: a spool is understood only by the version of socktrace that wrote it.
"""
