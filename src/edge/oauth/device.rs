//! The device code: a person types it in wherever a browser is, and this program asks until that was done (RFC 8628).

use std::time::Duration;

use oauth2::{
    DeviceAuthorizationUrl, DeviceCodeErrorResponse, DeviceCodeErrorResponseType, StandardDeviceAuthorizationResponse,
};

use super::issuer::bad_address;
use super::{Issuer, OAuthFault, Prompt, Tokens};

/// The shortest pause between two questions, whatever the server allows.
const SHORTEST: Duration = Duration::from_secs(1);

/// Shows the code and waits for the consent. A server that wants a slower pace gets it (RFC 8628 §3.5).
pub(super) async fn sign_in(issuer: &Issuer, show: impl Fn(&Prompt) + Send + Sync) -> Result<Tokens, OAuthFault> {
    let url = issuer.registration.device_url.clone().ok_or_else(|| bad_address("device_url"))?;
    let url = DeviceAuthorizationUrl::new(url).map_err(|_| bad_address("device_url"))?;
    let client = issuer.client()?.set_device_authorization_url(url);
    let request = client.exchange_device_code().add_scopes(issuer.scopes());
    let details: StandardDeviceAuthorizationResponse =
        request.request_async(&issuer.carrier).await.map_err(|error| issuer.fault(error))?;
    show(&Prompt::Device {
        address: details.verification_uri().to_string(),
        complete: details.verification_uri_complete().map(|complete| complete.secret().clone()),
        code: details.user_code().secret().clone(),
        minutes: details.expires_in().as_secs().div_ceil(60),
    });
    let sleep = |pause: Duration| tokio::time::sleep(pause.max(SHORTEST));
    let request = client.exchange_device_access_token(&details);
    let answer = request.request_async(&issuer.carrier, sleep, None).await;
    let answer = answer.map_err(|error| issuer.fault_by(error, refused))?;
    Ok(issuer.tokens(&answer, None))
}

fn refused(response: &DeviceCodeErrorResponse) -> OAuthFault {
    let word = response.error().as_ref();
    let no_consent = |why: &str| OAuthFault::NoConsent(why.to_owned());
    match response.error() {
        DeviceCodeErrorResponseType::ExpiredToken => {
            no_consent("the code ran out before anybody typed it in; run it again")
        }
        DeviceCodeErrorResponseType::AccessDenied => no_consent("the consent was declined; run it again and accept"),
        // Microsoft's word for the same.
        _ if word == "authorization_declined" => no_consent("the consent was declined; run it again and accept"),
        DeviceCodeErrorResponseType::AuthorizationPending
        | DeviceCodeErrorResponseType::SlowDown
        | DeviceCodeErrorResponseType::Basic(_) => {
            OAuthFault::refused(word, response.error_description().map(String::as_str))
        }
    }
}
