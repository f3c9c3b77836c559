"""Sources of sockets for a screen: see `socktrace.view.look.Feed`."""
