//! The wire: bytes both ways, in the clear or encrypted, for those who do not ask what lies below.

use std::fmt::Debug;

use tokio::io::{AsyncRead, AsyncWrite};

/// Any stream of bytes both ways.
pub(super) trait Socket: AsyncRead + AsyncWrite + Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Debug + Send + Unpin> Socket for T {}

/// A stream, whatever lies below it.
pub(super) type Wire = Box<dyn Socket>;
