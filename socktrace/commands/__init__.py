"""The sub-commands, a module each: ``add_parser(subparsers)`` and ``run(args)``."""
