//! Composing a probe out of the stream's message.
