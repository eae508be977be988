//! A server that does not do what it should.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::Stage;
use super::process;
use super::said::{Index, whole};
use super::server::{Answer, Fault, Request, Server, no_fault};
use super::trial::{Trial, holds};
use super::world::{World, advisory};

/// As the configuration of row 8 and 10 has it, in seconds.
const TIMEOUT: &str = "2";
/// A server that says nothing is given up twice that late, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// A refresh may take 60 seconds.
const BOUND: Duration = Duration::from_secs(70);

/// A world whose index is a commit behind what its server has.
struct Behind {
    world: World,
    server: Server,
    old: Vec<u8>,
}

impl Behind {
    fn new(trial: &mut Trial, stage: &Stage) -> Result<Behind> {
        let world = stage.world()?;
        world.commit()?;
        let server = Server::of(&world)?;
        let world = server.serves(&world)?;
        world.mended().updates()?;
        let old = world.bytes().context("no index was made")?;
        // So that its pack has more bytes than a minute has seconds, at 11 a second.
        let mut text = advisory("other", "RUSTSEC-2020-0003");
        for _ in 0..250 {
            text += &format!("{:016x}\n", trial.below(u64::MAX));
        }
        world.write("advisory-db/crates/other/RUSTSEC-2020-0003.md", &text)?;
        world.commit()?;
        Ok(Behind { world, server, old })
    }

    /// A refresh fails in time, the old index stays, and builds go on with it as long as its age allows.
    fn refuses(&self, within: Duration) -> Result<()> {
        let world = &self.world;
        // Bytes of data are bounded, too: whoever wants more of them is killed.
        let words = ["prlimit", "--data=805306368"].map(str::to_owned);
        let mut update = world.behind(&words).update();
        update.env("CARGO_HTTP_TIMEOUT", TIMEOUT);
        let ended = whole(process::run(update)?)?;
        holds!(ended.status == Ok(101), "it is no error: {}", ended.text());
        holds!(
            world.bytes().as_ref() == Some(&self.old),
            "the old index does not stay: {}",
            ended.text()
        );
        holds!(
            ended.time < within,
            "it takes {:?}: {}",
            ended.time,
            ended.text()
        );
        world.keeps_secrets()?;
        world.says(Index::Sound)?;
        world.at("1296000").says(Index::Doubted)
    }

    /// Once the server is sound, a refresh takes what it has.
    fn heals(&self) -> Result<()> {
        self.server.has(no_fault);
        let ended = whole(process::run(self.world.update())?)?;
        holds!(
            ended.status == Ok(0) && self.world.bytes().as_ref() != Some(&self.old),
            "the next refresh takes nothing: {}",
            ended.text()
        );
        self.world.says(Index::Sound)
    }

    fn tries(
        &self,
        trial: &mut Trial,
        what: &str,
        within: Duration,
        fault: impl Fn(&Request, &Answer, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Result<()> {
        trial.case(what, || {
            self.server.has(fault);
            let before = self.server.requests();
            self.refuses(within)?;
            ensure!(self.server.requests() > before, "the server was not asked");
            Ok(())
        })
    }
}

/// Keeps the client waiting until it goes away.
pub fn hang(to: &mut TcpStream) -> io::Result<()> {
    io::copy(to, &mut io::sink())?;
    Ok(())
}

/// Resets the connection.
fn reset(to: &TcpStream) -> io::Result<()> {
    nix::sys::socket::setsockopt(
        to,
        nix::sys::socket::sockopt::Linger,
        &libc::linger {
            l_onoff: 1,
            l_linger: 0,
        },
    )?;
    Ok(())
}

/// Row 8.
pub fn git_server(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let behind = Behind::new(trial, stage)?;
    let trickles = |request: &Request, sound: &Answer, to: &mut TcpStream| {
        if !request.wants_pack() {
            return no_fault(request, sound, to);
        }
        sound.send_head(to, sound.body.len())?;
        for few in sound.body.chunks(11) {
            to.write_all(few)?;
            thread::sleep(Duration::from_secs(1));
        }
        Ok(())
    };
    if trial.plan.defect == Some("endless") {
        return behind.tries(trial, "it sends 11 bytes a second", BOUND, trickles);
    }
    let faults: [(&str, Box<Fault>); 11] = [
        ("it hangs", Box::new(|_, _, to| hang(to))),
        (
            "it hangs after its head",
            Box::new(|_, sound, to| {
                sound.send_head(to, sound.body.len())?;
                hang(to)
            }),
        ),
        (
            "it hangs amid a pack",
            Box::new(|request, sound, to| {
                if !request.wants_pack() {
                    return no_fault(request, sound, to);
                }
                sound.send_head(to, sound.body.len())?;
                to.write_all(&sound.body[..sound.body.len() / 2])?;
                hang(to)
            }),
        ),
        ("it resets the connection", Box::new(|_, _, to| reset(to))),
        (
            "it resets the connection amid a pack",
            Box::new(|request, sound, to| {
                if !request.wants_pack() {
                    return no_fault(request, sound, to);
                }
                sound.send_head(to, sound.body.len())?;
                to.write_all(&sound.body[..sound.body.len() / 2])?;
                reset(to)
            }),
        ),
        (
            "it sends half a pack",
            Box::new(|request, sound, to| {
                let mut half = sound.clone();
                if request.wants_pack() {
                    half.body.truncate(half.body.len() / 2);
                }
                half.send(to, half.body.len())
            }),
        ),
        (
            "it sends no pack",
            Box::new(|request, sound, to| {
                let mut none = sound.clone();
                if request.wants_pack() {
                    none.body.clear();
                }
                none.send(to, none.body.len())
            }),
        ),
        (
            "it sends garbage instead of branches",
            Box::new(|_, sound, to| {
                let mut garbage = sound.clone();
                garbage.body = vec![0xff; 1000];
                garbage.send(to, 1000)
            }),
        ),
        (
            "it sends garbage instead of a pack",
            Box::new(|request, sound, to| {
                let mut garbage = sound.clone();
                if request.wants_pack() {
                    garbage.body = vec![0xff; 100_000];
                }
                garbage.send(to, garbage.body.len())
            }),
        ),
        (
            "it sends a pack and then something",
            Box::new(|request, sound, to| {
                let mut more = sound.clone();
                if request.wants_pack() {
                    more.body.truncate(more.body.len() - 8);
                    more.body.extend(vec![0; 100_000]);
                }
                more.send(to, more.body.len())
            }),
        ),
        (
            "it has an error of its own to tell",
            Box::new(|request, sound, to| {
                let mut error = sound.clone();
                if !request.body.is_empty() {
                    error.body = b"0024ERR \x1b[2J\r\n::error::hunter\xe2\x80\xaexxx".to_vec();
                }
                error.send(to, error.body.len())
            }),
        ),
    ];
    for (what, fault) in faults {
        behind.tries(trial, what, PATIENCE, fault)?;
    }
    // Bits of a pack, beyond the lines around it.
    for _ in 0..if trial.plan.quick { 2 } else { 12 } {
        let (at, bit) = (trial.below(1 << 16), trial.below(8));
        let what = format!("bit {bit} of byte {at} of what is left of a pack is flipped");
        behind.tries(trial, &what, PATIENCE, move |request, sound, to| {
            let mut flipped = sound.clone();
            let pack = flipped.body.windows(4).position(|four| four == b"PACK");
            if let Some(pack) = pack.filter(|_| request.wants_pack()) {
                // Neither the line that ends the answer nor the hash at the end of the pack.
                let length = flipped.body.len() - pack - 32;
                flipped.body[pack + at as usize % length] ^= 1 << bit;
            }
            flipped.send(to, flipped.body.len())
        })?;
    }
    trial.case("an object is missing in its repository", || {
        behind.server.has(no_fault);
        let path = "crates/other/RUSTSEC-2020-0003.md";
        let object = behind.world.git(&["rev-parse", &format!("HEAD:{path}")])?;
        let (folder, name) = object.split_at(2);
        let object = behind
            .world
            .advisories()
            .join(".git/objects")
            .join(folder)
            .join(name);
        let bytes = std::fs::read(&object)?;
        std::fs::remove_file(&object)?;
        let refused = behind.refuses(PATIENCE);
        std::fs::write(&object, bytes)?;
        refused
    })?;
    if !trial.plan.quick && trial.plan.defect.is_none() {
        behind.tries(trial, "it sends 11 bytes a second", BOUND, trickles)?;
    }
    trial.case("it is sound again", || behind.heals())
}

/// Row 10: what a git database answers. Whoever fetches something else over HTTPS adds it here.
pub fn answers(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let behind = Behind::new(trial, stage)?;
    for status in [
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "429 Too Many Requests",
        "403 Forbidden",
        "404 Not Found",
        "410 Gone",
        "304 Not Modified",
        "204 No Content",
        "200 OK",
    ] {
        behind.tries(
            trial,
            &format!("{status}, and nothing else"),
            PATIENCE,
            move |_, _, to| Answer::new(status, &[], "").send(to, 0),
        )?;
    }
    let login = [("WWW-Authenticate", "Basic realm=\"\u{1b}[2J\"")];
    behind.tries(trial, "401 Unauthorized", PATIENCE, move |_, _, to| {
        Answer::new("401 Unauthorized", &login, "").send(to, 0)
    })?;
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        behind.tries(
            trial,
            &format!("{status} to itself"),
            PATIENCE,
            move |request, _, to| {
                Answer::new(status, &[("Location", &request.path)], "").send(to, 0)
            },
        )?;
    }

    let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    plain.set_nonblocking(true)?;
    for scheme in ["http", "https", "file", "ssh"] {
        let there = format!("{scheme}://{}/advisory-db", plain.local_addr()?);
        behind.tries(
            trial,
            &format!("a redirect to {scheme} elsewhere"),
            PATIENCE,
            move |_, _, to| Answer::new("302 Found", &[("Location", &there)], "").send(to, 0),
        )?;
        trial.case(&format!("whether anybody went to {scheme}"), || {
            holds!(plain.accept().is_err(), "somebody went there");
            Ok(())
        })?;
    }

    let html = [("Content-Type", "text/html")];
    behind.tries(trial, "a page to log in", PATIENCE, move |_, _, to| {
        let page = "<html><body>Welcome</body></html>";
        Answer::new("200 OK", &html, page).send(to, page.len())
    })?;
    behind.tries(
        trial,
        "a body that is longer than it says",
        PATIENCE,
        |_, sound, to| sound.send(to, sound.body.len() / 2),
    )?;
    behind.tries(
        trial,
        "a body that is shorter than it says",
        PATIENCE,
        |_, sound, to| sound.send(to, sound.body.len() + 1000),
    )?;
    let bomb = bomb()?;
    for wants_pack in [false, true] {
        let bomb = bomb.clone();
        let what = if wants_pack { "a pack" } else { "branches" };
        behind.tries(
            trial,
            &format!("2 GiB in 2 MB of gzip instead of {what}"),
            PATIENCE,
            move |request, sound, to| {
                if request.wants_pack() != wants_pack {
                    return no_fault(request, sound, to);
                }
                let mut zipped = sound.clone();
                zipped
                    .headers
                    .push(("Content-Encoding".to_owned(), "gzip".to_owned()));
                zipped.body = bomb.clone();
                zipped.send(to, bomb.len())
            },
        )?;
    }
    trial.case("it is sound again", || behind.heals())
}

/// 2 GiB of zeros as `gzip` packs them.
fn bomb() -> Result<Vec<u8>> {
    let mut zeros = Command::new("head")
        .args(["--bytes=2G", "/dev/zero"])
        .stdout(Stdio::piped())
        .spawn()?;
    let zeros_out = zeros.stdout.take().context("head has no output")?;
    let mut gzip = Command::new("gzip")
        .args(["--fast", "--stdout"])
        .stdin(zeros_out)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut bomb = Vec::new();
    let mut out = gzip.stdout.take().context("gzip has no output")?;
    out.read_to_end(&mut bomb)?;
    ensure!(
        gzip.wait()?.success() && zeros.wait()?.success(),
        "gzip failed"
    );
    Ok(bomb)
}
