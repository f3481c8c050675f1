//! Values in, bytes out.
