"""One socket's page, without a screen: facts, time line, sequence diagram, descriptors, calls."""
