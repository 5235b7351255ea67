//! Requests of server administration, by resource.

pub(crate) mod groups;
pub(crate) mod lists;
pub(crate) mod policies;
pub(crate) mod server;
pub(crate) mod setup;
pub(crate) mod users;

#[cfg(test)]
mod tests {
    use lakefs_testserver::Server;

    use crate::models::{Statement, StatementEffect};
    use crate::{Client, ErrorKind};

    const CONFLICT: &str = r#"{"message":"Already exists"}"#;

    async fn client() -> (Server, Client) {
        let server = Server::start().await.unwrap();
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()
            .unwrap();
        (server, client)
    }

    #[tokio::test]
    async fn exist_ok_returns_the_existing_resource() {
        let (server, client) = client().await;
        let admin = client.admin();
        for (operation, body) in [
            ("User", r#"{"id":"a","creation_date":1}"#),
            ("Group", r#"{"id":"a","name":"a","creation_date":1}"#),
            (
                "Policy",
                r#"{"id":"a","creation_date":1,"statement":[{"effect":"allow","resource":"*","action":["fs:*"]}]}"#,
            ),
        ] {
            server.faults().on(format!("create{operation}")).respond(409, CONFLICT);
            server.faults().on(format!("get{operation}")).respond(200, body);
        }
        assert_eq!(admin.user("a").create().exist_ok(true).await.unwrap().creation_date, 1);
        assert_eq!(admin.group("a").create().exist_ok(true).await.unwrap().creation_date, 1);
        let statement = Statement::new(StatementEffect::Deny, "*", ["fs:*"]);
        let policy = admin.policy("a").create([statement]).exist_ok(true).await.unwrap();
        assert_eq!(policy.statement[0].effect, StatementEffect::Allow);
        assert_eq!(server.faults().pending(), [""; 0]);
    }

    #[tokio::test]
    async fn exist_ok_does_not_hide_another_conflict() {
        let (_server, client) = client().await;
        // This server accepts a single user.
        let error = client.admin().user("anna").create().exist_ok(true).await.unwrap_err();
        assert_eq!((error.status(), error.operation()), (Some(409), Some("create_user")));
    }

    #[tokio::test]
    async fn existing_resource_is_an_error_by_default() {
        let (server, client) = client().await;
        server.faults().on("createGroup").respond(409, CONFLICT);
        let error = client.admin().group("a").create().exist_ok(false).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::AlreadyExists, Some(409)));
        assert_eq!(server.requests_for("getGroup").len(), 0);
    }
}
