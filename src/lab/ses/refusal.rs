//! What SES says instead of taking a message or answering a question.

/// Why SES does not take a message, or does not answer a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lab) struct Refusal {
    pub(in crate::lab) status: u16,
    pub(in crate::lab) code: &'static str,
    pub(in crate::lab) message: String,
}

impl Refusal {
    pub(in crate::lab) fn bad(message: String) -> Self {
        Self { status: 400, code: "BadRequestException", message }
    }

    pub(super) fn not_found(message: String) -> Self {
        Self { status: 404, code: "NotFoundException", message }
    }

    pub(super) fn rejected(message: String) -> Self {
        Self { status: 400, code: "MessageRejected", message }
    }

    pub(super) fn too_many(message: &str) -> Self {
        Self { status: 429, code: "TooManyRequestsException", message: message.to_owned() }
    }
}
