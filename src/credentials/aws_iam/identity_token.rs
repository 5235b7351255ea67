//! Signed requests for the identity of AWS credentials, which lakeFS sends to AWS.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::http::credential::CredentialError;

const METHOD: &str = "POST";
const ACTION: &str = "GetCallerIdentity";
const VERSION: &str = "2011-06-15";

/// What is signed, apart from the credentials.
pub(super) struct Signed<'a> {
    pub(super) region: &'a str,
    pub(super) headers: &'a BTreeMap<String, String>,
    pub(super) ttl: Duration,
    pub(super) now: SystemTime,
}

/// Signs a request for the identity of `credentials`, and returns its parts as lakeFS expects them: JSON in Base64.
pub(super) fn identity_token(
    credentials: Credentials,
    signed: &Signed<'_>,
) -> Result<String, CredentialError> {
    let access_key_id = credentials.access_key_id().to_owned();
    let host = sts_host(signed.region);
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(signed.ttl);
    let identity = credentials.into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(signed.region)
        .name("sts")
        .time(signed.now)
        .settings(settings)
        .build()?
        .into();
    let url = format!("https://{host}/?Action={ACTION}&Version={VERSION}");
    let headers = signed.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let request = SignableRequest::new(METHOD, &url, headers, SignableBody::Bytes(b""))?;
    let (instructions, signature) = sign(request, &params)?.into_parts();
    let parameter = |name: &str| {
        let mut params = instructions.params().iter();
        params.find(|(key, _)| *key == name).map(|(_, value)| value.to_string()).unwrap_or_default()
    };
    let signed_headers = parameter("X-Amz-SignedHeaders");
    let parts = json!({
        "method": METHOD,
        "host": host,
        "region": signed.region,
        "action": ACTION,
        "date": parameter("X-Amz-Date"),
        "expiration_duration": parameter("X-Amz-Expires"),
        "access_key_id": access_key_id,
        "signature": signature,
        "signed_headers": signed_headers.split(';').collect::<Vec<_>>(),
        "version": VERSION,
        "algorithm": parameter("X-Amz-Algorithm"),
        "security_token": parameter("X-Amz-Security-Token"),
    });
    Ok(BASE64_STANDARD.encode(parts.to_string()))
}

/// The host of the AWS Security Token Service in a region.
fn sts_host(region: &str) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("sts.{region}.{suffix}")
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use serde_json::Value;

    use super::*;

    fn parts(region: &str, session_token: Option<&str>, headers: &[(&str, &str)]) -> Value {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let credentials =
            Credentials::new("AKIDEXAMPLE", secret, session_token.map(str::to_owned), None, "test");
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let signed = Signed {
            region,
            headers: &headers.collect(),
            ttl: Duration::from_secs(60),
            // 2026-11-27T20:50:30Z
            now: UNIX_EPOCH + Duration::from_secs(1_795_812_630),
        };
        let token = identity_token(credentials, &signed).unwrap();
        assert!(!token.contains(secret));
        let parts = String::from_utf8(BASE64_STANDARD.decode(token).unwrap()).unwrap();
        assert!(!parts.contains(secret), "{parts}");
        serde_json::from_str(&parts).unwrap()
    }

    /// The expected values are those of lakectl 1.84 for the same credentials at the same time.
    #[test]
    fn identity_token_equals_that_of_lakectl() {
        let cases = [
            ("us-east-1", None, "f90cf40b95fa9699035c8908982397f7af85edf1e3fa5b6f640635c4b23286c4"),
            ("eu-central-1", None, "2a6da0ff68c1fd0e326b7b745ae1c4a90f3c39a38f934f1b57f031c71e93b1fd"),
            (
                "us-east-1",
                Some("session+/token=="),
                "e33d68fecae22c0e7f84334affc5a7cc2a089533c1c6895061e1f0d4b7c050c0",
            ),
            (
                "eu-central-1",
                Some("session+/token=="),
                "95ffeddb5f497c5e593329570be717fc9e0ddcab0a678d930130fa2965d571b5",
            ),
        ];
        for (region, session_token, signature) in cases {
            let expected = json!({
                "method": "POST",
                "host": format!("sts.{region}.amazonaws.com"),
                "region": region,
                "action": "GetCallerIdentity",
                "date": "20261127T205030Z",
                "expiration_duration": "60",
                "access_key_id": "AKIDEXAMPLE",
                "signature": signature,
                "signed_headers": ["host", "x-lakefs-server-id"],
                "version": "2011-06-15",
                "algorithm": "AWS4-HMAC-SHA256",
                "security_token": session_token.unwrap_or_default(),
            });
            let headers = [("X-LakeFS-Server-ID", "lakefs.example.com")];
            assert_eq!(parts(region, session_token, &headers), expected);
        }
    }

    #[test]
    fn headers_are_signed() {
        let both = parts("us-east-1", None, &[("X-Custom-Test", "true"), ("a-nice-header", "yes")]);
        assert_eq!(both["signed_headers"], json!(["a-nice-header", "host", "x-custom-test"]));
        let other = parts("us-east-1", None, &[("X-Custom-Test", "true"), ("a-nice-header", "no")]);
        assert_ne!(both["signature"], other["signature"]);
        assert_eq!(parts("us-east-1", None, &[])["signed_headers"], json!(["host"]));
    }

    #[test]
    fn host_is_that_of_the_partition() {
        assert_eq!(sts_host("cn-north-1"), "sts.cn-north-1.amazonaws.com.cn");
        assert_eq!(sts_host("us-gov-west-1"), "sts.us-gov-west-1.amazonaws.com");
    }
}
