//! OAuth 2.0: getting, keeping and renewing the tokens that open a seed (RFC 6749, RFC 7636, RFC 8252, RFC 8628).
//!
//! In reading order: `issuer` asks the authorization server, by `device` and `loopback` where a person must consent;
//! `fault` says what a refusal means; `tokens` is what came back, `store` keeps it; a `grant` hands out access tokens and
//! renews them, once however many ask, in this process and beside it. Only tokens that are stored are ever used: a kill
//! at any moment after the server's answer was written down loses nothing.

mod device;
mod fault;
mod grant;
mod issuer;
mod loopback;
mod store;
#[cfg(test)]
pub(in crate::edge) mod stub;
#[cfg(test)]
mod tests;
mod tokens;

pub(crate) use fault::OAuthFault;
pub(crate) use grant::{Bearer, Grant};
pub(crate) use issuer::{Issuer, Prompt};
pub(crate) use store::TokenStore;
pub(crate) use tokens::Tokens;
