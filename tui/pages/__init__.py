"""Pages that stand in for the views: where there is no source, and where one failed."""
