//! `lakefs://` URIs, and the URLs of requests.

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::fuzzing::input::Input;
use crate::http::encode;
use crate::uri::Uri;

/// Checks that a URI is written as it was parsed.
pub fn uris(data: &[u8]) {
    let text = Input::new(data).rest_as_text();
    match text.parse::<Uri>() {
        Err(error) => assert_eq!(error.status(), None),
        Ok(uri) => {
            // Only the slash after the name of a repository is not kept.
            let written = uri.to_string();
            assert!(
                *text == written || *text == format!("{written}/") && uri.reference().is_none(),
                "{text:?}"
            );
            assert_eq!(written.parse::<Uri>().unwrap(), uri);
            assert_eq!(Uri::new(uri.repository(), uri.reference(), uri.path()).unwrap(), uri);
            let json = serde_json::to_string(&uri).unwrap();
            assert_eq!(serde_json::from_str::<Uri>(&json).unwrap(), uri);
        }
    }
    // Parts that are accepted can be parsed again, as the same parts.
    let mut parts = text.splitn(3, '\n');
    let repository = parts.next().unwrap_or_default();
    if let Ok(uri) = Uri::new(repository, parts.next(), parts.next()) {
        assert_eq!(uri.to_string().parse::<Uri>().unwrap(), uri);
    }
}

/// Checks that a name stays one segment of the path of a request, and that the server decodes it and the query to the same
/// texts.
pub fn request_urls(data: &[u8]) {
    const TEMPLATE: &str = "/repositories/{repository}/refs/{ref}/objects";
    const BASE: [&str; 5] = ["", "api", "v1", "repositories", "refs"];
    let text = Input::new(data).rest_as_text();
    let mut parts = text.splitn(3, '\n');
    let [repository, reference, path] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let parameter = |name: &str| Some(if name == "ref" { reference } else { repository });
    let query = [("path", path.to_owned())];
    let Ok(url) = encode::url("http://host/api/v1", TEMPLATE, parameter, &query) else {
        assert!([repository, reference].iter().any(|name| matches!(*name, "" | "." | "..")), "{text:?}");
        return;
    };
    let url = Url::parse(url.as_str()).unwrap();
    assert_eq!((url.host_str(), url.port(), url.fragment()), (Some("host"), None, None));
    let segments: Vec<_> = url.path().split('/').collect();
    assert_eq!(segments.len(), 8, "{url}");
    assert_eq!([segments[0], segments[1], segments[2], segments[3], segments[5]], BASE);
    assert_eq!(segments[7], "objects");
    for (segment, name) in [(segments[4], repository), (segments[6], reference)] {
        // lakeFS decodes a path like a query, where a plus sign is a space.
        assert!(!segment.contains('+'), "{url}");
        assert_eq!(percent_decode_str(segment).decode_utf8().unwrap(), name);
    }
    assert_eq!(url.query_pairs().collect::<Vec<_>>(), [("path".into(), path.into())]);
}
