//! Which file is read, and files that cannot be read.

use crate::case::Outcome::{Fails, NoEndpoint};
use crate::case::{COMPLETE, Case, ENDPOINT, FILE, sends, sends_as};
use crate::program::UNSET;

const JSON: &str = r#"{
	"server": {"endpoint_url": "{url}"},
	"credentials": {"access_key_id": "fid", "secret_access_key": "fsecret"}
}"#;
const TOML: &str = "[server]\nendpoint_url = \"{url}\"\n[credentials]\naccess_key_id = \"fid\"\nsecret_access_key = \"fsecret\"\n";
const ANY_EXTENSION: &str = "lakectl ignores a file whose extension it does not know, without a message";
const ONLY_YAML: &str = "the client reads only YAML and JSON, whatever the extension";

pub(super) fn cases() -> Vec<Case> {
    let environment = sends_as("Basic eid:esecret", 5);
    let mut cases = vec![
        Case::environment("no file", environment.clone()),
        Case::new("nothing", NoEndpoint),
        // Files that cannot be read, or are no configuration, are ignored.
        Case::environment("broken", environment.clone()).file(".lakectl.yaml", "server: ["),
        Case::yaml("broken, nothing else", "server: [", NoEndpoint),
        Case::environment("tab", environment.clone()).file(".lakectl.yaml", "server:\n\tendpoint_url: x"),
        Case::environment("list", environment.clone()).file(".lakectl.yaml", "- 1\n"),
        Case::environment("text", environment.clone()).file(".lakectl.yaml", "text"),
        Case::environment("empty", environment.clone()).file(".lakectl.yaml", ""),
        Case::environment("comment", environment.clone()).file(".lakectl.yaml", "# nothing\n"),
        Case::environment("duplicate keys", environment.clone()).file(".lakectl.yaml", format!("{COMPLETE}{COMPLETE}")),
        Case::environment("directory", environment.clone()).file(".lakectl.yaml/", ""),
        Case::environment("home is no directory", environment.clone()).set("HOME", "/dev/null"),
        Case::environment("home does not exist", environment.clone()).set("HOME", "/no/such/home"),
        Case::environment("home is unknown", Fails("$HOME is not defined"))
            .set("HOME", UNSET)
            .but_client(environment.clone(), "the environment has all settings, so no file is needed"),
        Case::environment("home is empty", Fails("$HOME is not defined"))
            .set("HOME", "")
            .but_client(environment.clone(), "the environment has all settings, so no file is needed"),
        Case::environment("named file is missing", environment.clone()).set(FILE, "/no/such.yaml"),
        Case::new("named file is missing, nothing else", NoEndpoint).set(FILE, "/no/such.yaml"),
        Case::environment("named file is a directory", environment.clone()).set(FILE, "{home}"),
        Case::environment("named file is a device", environment).set(FILE, "/dev/null"),
        // Which file is read.
        Case::yaml("named file is missing, home has one", COMPLETE, NoEndpoint).set(FILE, "/no/such.yaml"),
        Case::yaml("empty name", COMPLETE, sends(5)).set(FILE, ""),
        Case::new("named", sends(5)).file("a/b.yaml", COMPLETE).set(FILE, "{home}/a/b.yaml"),
        Case::new("named relative", sends(5)).file("a/b.yml", COMPLETE).set(FILE, "a/b.yml"),
        Case::new("named with a tilde", NoEndpoint).file("a.yaml", COMPLETE).set(FILE, "~/a.yaml"),
        Case::new("named with a variable", NoEndpoint).file("a.yaml", COMPLETE).set(FILE, "$HOME/a.yaml"),
        Case::new("named, home is unknown", sends(5))
            .file("a.yaml", COMPLETE)
            .set(FILE, "{home}/a.yaml")
            .set("HOME", UNSET),
        Case::new("named JSON", sends(5)).file("a.json", JSON).set(FILE, "{home}/a.json"),
        Case::new("YAML named JSON", NoEndpoint)
            .file("a.json", COMPLETE)
            .set(FILE, "{home}/a.json")
            .but_client(sends(5), ONLY_YAML),
        Case::new("named TOML", sends(5)).file("a.toml", TOML).set(FILE, "{home}/a.toml").but_client(NoEndpoint, ONLY_YAML),
        Case::new("named .env", sends_as("Basic fid:fsecret", 5))
            .file("a.env", "server.endpoint_url={url}\ncredentials.access_key_id=fid\ncredentials.secret_access_key=fsecret\n")
            .set(FILE, "{home}/a.env")
            .but_client(NoEndpoint, ONLY_YAML),
        Case::yaml("JSON in the home directory goes first", COMPLETE, sends_as("Basic json:fsecret", 5))
            .file(".lakectl.json", JSON.replace("fid", "json")),
        Case::yaml("yaml before yml", COMPLETE, sends(5)).file(".lakectl.yml", COMPLETE.replace("fid", "yml")),
        Case::yaml("no extension goes last", COMPLETE, sends(5)).file(".lakectl", COMPLETE.replace("fid", "none")),
        Case::yaml("broken file goes first", COMPLETE, NoEndpoint).file(".lakectl.json", "{"),
        Case::yaml("directory is skipped", COMPLETE, sends(5)).file(".lakectl.json/", ""),
        Case::yaml("byte order mark", "\u{feff}credentials: { access_key_id: fid, secret_access_key: fsecret }", sends(5))
            .set(ENDPOINT, "{url}"),
        // Several documents.
        Case::yaml("two documents", format!("{COMPLETE}---\nserver: {{ endpoint_url: x }}\n"), sends(5)),
        Case::yaml("broken second document", format!("{COMPLETE}---\nserver: [\n"), sends(5)),
        Case::yaml("marked document", format!("---\n{COMPLETE}...\n"), sends(5)),
    ];
    for path in [".lakectl.yml", ".lakectl.json", ".lakectl", ".lakectl.toml", ".lakectl.env", ".lakectl.ini"]
    {
        cases.push(Case::new(path, sends(5)).file(path, COMPLETE));
    }
    for (path, variable) in [("a", "{home}/a"), ("a.conf", "{home}/a.conf"), ("a.YAML", "{home}/a.YAML")] {
        let case = Case::new(path, NoEndpoint).file(path, COMPLETE).set(FILE, variable);
        cases.push(case.but_client(sends(5), ANY_EXTENSION));
    }
    cases
}
