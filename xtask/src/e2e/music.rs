//! Music on hold that goes out to all who listen at a multicast address.

use std::time::Duration;

use super::Context;
use super::audio::Recording;
use super::baresip::Phone;
use super::capture::Capture;
use super::ports;
use super::server::Server;

/// Long enough for seconds of music.
const TALK: Duration = Duration::from_secs(5);
const CLEAR: f64 = 0.9;
const GROUP: &str = "239.255.84.2";

/// Bob holds Alice, who is told of the group address and not sent anything; the music goes out there meanwhile, and no longer. Carol, whose phone is
/// set up to hear none by multicast, is sent her own.
///
/// # Errors
/// What was not as it should be.
pub(super) fn multicast(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let port = ports::block(2)?;
    let conf = context.folder.join("conf");
    std::fs::create_dir_all(&conf).map_err(|error| error.to_string())?;
    let write = |name: &str, text: &str| {
        let file = conf.join(name);
        std::fs::write(&file, text).map_err(|error| format!("{name}: {error}"))?;
        Ok::<_, String>(file.to_string_lossy().into_owned())
    };
    // These phones take `recvonly` as it is meant of unicast, and would speak to the group.
    let text = format!(
        "[[media_resource]]\nname = \"moh1\"\nfunction = \"music-on-hold\"\nmulticast = \"{GROUP}\"\n\
         multicast_port = {port}\nmulticast_increment = \"port\"\n\n\
         [[media_resource_group]]\nname = \"office\"\nresources = [\"moh1\"]\nmulticast_music = true\n\n\
         [[media_resource_group_list]]\nname = \"everybody\"\ngroups = [\"office\"]\n\n\
         [service_parameters]\nmulticast_music_direction = \"sendonly\"\n"
    );
    write("music.toml", &text)?;
    server.ask(&["apply", &conf.to_string_lossy(), "--keep-others", "--message", "multicast music"])?;
    let listen = "name,more.media_resource_group_list,more.multicast_music\n\
                  SIP-1001,everybody,true\nSIP-1003,everybody,false\n";
    let phones = write("phones.csv", listen)?;
    server.ask(&["import", &phones, "--message", "who listens"])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &server.account("bob", "1002", 1500))?;
    let mut carol = Phone::register(&context.folder, &server.account("carol", "1003", 900))?;
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    alice.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_ESTABLISHED")?;
    alice.talk(Duration::from_secs(1));
    bob.command("hold", "")?;
    alice.talk(TALK);
    let used = &server.ask(&["resources"])?["resources"][0];
    if (&used["name"], &used["in_use"], &used["streams"]) != (&"moh1".into(), &1.into(), &1.into()) {
        return Err(format!("during the hold the music is {used}"));
    }
    bob.command("resume", "")?;
    alice.talk(Duration::from_secs(3));
    let again = alice.heard()?.last_seconds(1.5).share_of(1500.0);
    if again < CLEAR {
        return Err(format!("after the hold, alice heard {again:.2} of bob"));
    }
    let used = &server.ask(&["resources"])?["resources"][0];
    if (&used["in_use"], &used["streams"]) != (&0.into(), &0.into()) {
        return Err(format!("after the hold the music is {used}"));
    }
    alice.command("hangup", "")?;
    bob.expect("CALL_CLOSED")?;
    carol.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    carol.expect("CALL_ESTABLISHED")?;
    // baresip records nothing of a call that is held in its first moment.
    carol.talk(Duration::from_secs(1));
    bob.command("hold", "")?;
    carol.talk(TALK);
    let own = carol.heard()?.last_seconds(3.0).share_between(150.0, 800.0);
    if own < CLEAR {
        return Err(format!("held, carol heard {own:.2} of music of her own"));
    }
    carol.command("hangup", "")?;
    bob.expect("CALL_CLOSED")?;
    let captured = capture.finish()?;
    let stream = captured.payload_to(GROUP, port)?;
    let music = Recording::of_mu_law(&stream).last_seconds(3.0);
    let (seconds, notes) = (music.seconds(), music.share_between(150.0, 800.0));
    if seconds < 2.9 || notes < CLEAR {
        return Err(format!("{seconds:.1} s were at the group address, {notes:.2} of them music"));
    }
    captured.is_clean()?;
    server.wait_for_records(2)?;
    server
        .explain_last()?
        .tells(&["is sent its own music: the device is set up to hear none by multicast"])?;
    server.is_well()?;
    let whole = stream.len() as f64 / 8000.0;
    Ok(format!(
        "{notes:.2} of what was at the group address was music, for {whole:.1} s; another phone had its own"
    ))
}
