"""The live source: programs in the kernel, their ring buffers, the sockets that were there before."""
