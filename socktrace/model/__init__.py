"""What the kernel's events mean: every socket's life, rebuilt.

Two layers. `world` holds what is known and is changed by the lines of a recording alone, so that
a replay shows exactly what was shown live. `tracker` concludes those lines from kernel events.
Both are pure: time comes in with the events.
"""
