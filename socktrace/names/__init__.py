"""Numbers of the kernel's socket interface and the names that people know them by.

Pure tables and functions, as Linux on x86 defines them, whatever machine a recording is read on.
"""
