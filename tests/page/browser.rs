//! Chromium without a window, driven as the WebDriver standard says, with Chromium's own commands beside it.

#![allow(
    clippy::disallowed_methods,
    clippy::explicit_write,
    reason = "whether a browser must be there comes from the environment; a skipped test writes to stderr"
)]

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::Duration;

use cargo_test_support::paths;
use cargo_util::paths::resolve_executable;
use curl::easy::{Easy, List};
use serde_json::{Value, json};
use url::Url;

/// A browser that shows a page.
pub(crate) struct Browser {
    driver: Child,
    /// The URL of the session.
    session: String,
    page: Url,
}

/// The keys of the standard that are no characters.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const LEFT: &str = "\u{e012}";
pub(crate) const RIGHT: &str = "\u{e014}";
pub(crate) const DOWN: &str = "\u{e015}";

impl Browser {
    /// Shows the page at `path`. None where there is no browser, after saying so; on machines for continuous integration
    /// there must be one.
    #[track_caller]
    pub(crate) fn open(path: &Path) -> Option<Browser> {
        let found = ["chromium", "chromedriver"].map(|name| resolve_executable(Path::new(name)));
        let [Ok(chromium), Ok(chromedriver)] = found else {
            assert!(
                env::var_os("CI").is_none_or(|ci| ci != "true"),
                "`chromium` and `chromedriver` are not installed; `.ci/run` installs them on Debian"
            );
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                // Past the harness, which keeps to itself what a test prints that passes.
                let said = "skipped: install `chromium` and `chromium-driver` to see the page in a browser";
                writeln!(std::io::stderr(), "{said}").unwrap();
            });
            return None;
        };
        // A free port is chosen and told.
        let mut driver = Command::new(chromedriver)
            .arg("--port=0")
            // Where a browser keeps what no profile holds.
            .env("HOME", paths::root())
            .env_remove("XDG_CONFIG_HOME")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .find_map(|line| {
                let line = line.unwrap();
                let (_, port) = line.split_once("started successfully on port ")?;
                Some(port.trim_end_matches('.').parse::<u16>().unwrap())
            })
            .expect("chromedriver tells its port");
        // It must be able to go on talking.
        std::thread::spawn(move || lines.for_each(drop));
        let root = format!("http://127.0.0.1:{port}/session");
        let profile = paths::root().join("profile");
        let mut browser = Browser {
            driver,
            session: root.clone(),
            page: Url::from_file_path(path).unwrap(),
        };
        let options = json!({
            "binary": chromium,
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--window-size=1400,1000", format!("--user-data-dir={}", profile.display()),
            ],
        });
        let answer = browser.ask(
            &root,
            &json!({ "capabilities": { "alwaysMatch": {
                "goog:chromeOptions": options,
                "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            }}}),
        );
        browser.session = format!("{root}/{}", answer["sessionId"].as_str().unwrap());
        browser.send("url", &json!({ "url": browser.page.as_str() }));
        Some(browser)
    }

    /// Runs the body of a function in the page, and gives what it returns.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> Value {
        self.send("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Presses and releases one key after the other.
    #[track_caller]
    pub(crate) fn press(&self, keys: &[&str]) {
        let actions: Vec<Value> = keys
            .iter()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        self.send(
            "actions",
            &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }),
        );
    }

    /// Presses Tab until what has the focus matches `selector`.
    #[track_caller]
    pub(crate) fn tab_to(&self, selector: &str) {
        for _ in 0..40 {
            self.press(&[TAB]);
            if self.run(&format!(
                "return document.activeElement.matches('{selector}')"
            )) == true
            {
                return;
            }
        }
        panic!("the Tab key does not lead to `{selector}`");
    }

    /// Has the page believe in features of its medium, such as `prefers-color-scheme`.
    #[track_caller]
    pub(crate) fn pretend(&self, feature: &str, value: &str) {
        self.command(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [{ "name": feature, "value": value }] }),
        );
    }

    /// Runs one of Chromium's own commands.
    #[track_caller]
    pub(crate) fn command(&self, command: &str, parameters: &Value) -> Value {
        self.send(
            "goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    /// Fails if the console has a line, or anything but the page itself was asked for.
    #[track_caller]
    pub(crate) fn was_quiet(&self) {
        assert_eq!(self.log("browser"), Vec::<Value>::new());
        let asked: Vec<String> = self
            .log("performance")
            .iter()
            .filter_map(|entry| {
                let event: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
                let event = &event["message"];
                let of = event["params"]["documentURL"].as_str()?;
                let url = event["params"]["request"]["url"].as_str()?;
                // The page that a new window begins with belongs to the browser.
                let ours = !of.starts_with("chrome://");
                (ours && event["method"] == "Network.requestWillBeSent").then(|| url.to_owned())
            })
            .collect();
        assert_eq!(asked, [self.page.as_str()]);
    }

    #[track_caller]
    fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.send("se/log", &json!({ "type": kind }));
        log.as_array().unwrap().clone()
    }

    #[track_caller]
    fn send(&self, command: &str, body: &Value) -> Value {
        self.ask(&format!("{}/{command}", self.session), body)
    }

    #[track_caller]
    fn ask(&self, url: &str, body: &Value) -> Value {
        let (code, answer) = request(url, Some(body)).unwrap();
        assert!(code == 200, "{url}: {answer}");
        answer["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its session, and not with the driver.
        let ended = request(&self.session, None);
        let killed = self.driver.kill().and_then(|()| self.driver.wait());
        // A test that fails already fails for its own reason.
        if !std::thread::panicking() {
            assert_eq!(ended.unwrap().0, 200, "the browser does not end");
            killed.unwrap();
        }
    }
}

/// Posts `body`, or without one deletes what `url` names. Gives the status and the answer.
fn request(url: &str, body: Option<&Value>) -> Result<(u32, Value), curl::Error> {
    let mut easy = Easy::new();
    easy.url(url)?;
    // No setting of the machine for its network concerns this.
    easy.proxy("")?;
    easy.timeout(Duration::from_secs(60))?;
    match body {
        Some(body) => {
            let mut headers = List::new();
            headers.append("Content-Type: application/json")?;
            easy.http_headers(headers)?;
            easy.post(true)?;
            easy.post_fields_copy(body.to_string().as_bytes())?;
        }
        None => easy.custom_request("DELETE")?,
    }
    let mut answer = Vec::new();
    {
        let mut transfer = easy.transfer();
        transfer.write_function(|from| {
            answer.extend_from_slice(from);
            Ok(from.len())
        })?;
        transfer.perform()?;
    }
    let answer = serde_json::from_slice(&answer).unwrap_or(Value::Null);
    Ok((easy.response_code()?, answer))
}
