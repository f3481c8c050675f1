//! The provider lab.
