"""Facts about the machine that socktrace runs on: its processes, sockets, rights and limits."""
