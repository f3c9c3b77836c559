"""The live source: programs in the kernel, and the ring buffers they fill."""
