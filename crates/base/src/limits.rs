//! Every limit of the system, in one place, with what happens when it is reached.

use std::time::Duration;

/// Largest SIP message, in bytes; a larger one is answered 513 on a stream and dropped on UDP.
pub const SIP_MESSAGE_BYTES: usize = 65_535;
/// How long a message may take on a stream from its first byte to its last; a connection that takes longer is closed.
pub const SIP_MESSAGE_TIME: Duration = Duration::from_secs(32);
/// Largest SCCP frame, in bytes; the connection that sends a larger one is closed.
pub const SCCP_FRAME_BYTES: usize = 8192;
/// How long an SCCP frame may take from its first byte to its last; a connection that takes longer is closed.
pub const SCCP_FRAME_TIME: Duration = Duration::from_secs(32);
/// First bytes of an SSH server that are kept, so that its lists of algorithms can be told; what comes later is not looked at there.
pub const SSH_GREETING_BYTES: usize = 64 * 1024;
/// Largest packet of SFTP, in bytes; the session in which a larger one comes ends.
pub const SFTP_PACKET_BYTES: usize = 256 * 1024;
/// Connections to the SFTP server at once, with those that have not logged in yet; a further one is closed.
pub const SFTP_CONNECTIONS: usize = 64;
/// Connections to the SFTP server from one address that have not logged in yet; a further one is closed.
pub const SFTP_LOGGING_IN: u32 = 8;
/// Connections to the SFTP server from everywhere that have not logged in yet; a further one is closed.
pub const SFTP_STRANGERS: u32 = 32;
/// Files and listings that one session of the SFTP server may have open; a further one is refused.
pub const SFTP_HANDLES: usize = 64;
/// Files that all sessions of the SFTP server together may have open; a further one is refused.
pub const SFTP_HANDLES_OF_ALL: usize = 512;
/// Listings that all sessions of the SFTP server together may have open; a further one is refused.
pub const SFTP_LISTINGS_OF_ALL: usize = 32;
/// Largest file that a user of the SFTP server may write, in bytes; what lies beyond is refused.
pub const SFTP_FILE_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// Largest file of call records that others may bring, in bytes; a larger one is refused.
pub const SFTP_BROUGHT_BYTES: u64 = 128 * 1024 * 1024;
/// Files that users of the SFTP server leave room for on a disk that counts them.
pub const SFTP_FILES_LEFT: u64 = 10_000;
/// Room that users of the SFTP server leave on a disk, in bytes; what would take it is refused as if the disk were full.
pub const SFTP_ROOM_LEFT_BYTES: u64 = 256 * 1024 * 1024;
/// Longest path of SFTP, in bytes; a longer one is no path.
pub const SFTP_PATH_BYTES: usize = 4096;
/// Files of one day that are listed once although they move meanwhile; of more some may be listed twice.
pub const SFTP_DAY_FILES: usize = 100_000;
/// Addresses from which log-ins to the SFTP server failed and that are remembered; of more the oldest is forgotten.
pub const SFTP_ADDRESSES: usize = 1024;
/// Largest reply of an FTP server, in bytes; the session in which a larger one comes ends.
pub const FTP_REPLY_BYTES: usize = 16 * 1024;
/// Files that are due to one destination and whose names are kept; of more the repository is asked again when these have gone.
pub const FILES_QUEUED: usize = 1024;
/// SCCP stations at once; a further one is told so and not registered.
pub const STATIONS: usize = 100_000;
/// Devices that nobody has configured and that wait until they are, at once; a further one is refused.
pub const STRANGERS: usize = 256;
/// A document that a phone is to show, in bytes; a larger one is refused. What a phone answers in parts is cut off there.
pub const SCREEN_BYTES: usize = 32 * 1024;
/// Documents on their way to phones that have not answered, at once; a further one is refused.
pub const SCREENS_PUSHED: usize = 256;
/// Lines that an SCCP phone watches with its busy lamps and in its lists of calls; a further one in a list is refused.
pub const PHONE_WATCHES: usize = 256;
/// Header lines of one SIP message; more are answered 400.
pub const SIP_HEADERS: usize = 256;
/// Contacts of one line; another one is answered 403 and reported.
pub const CONTACTS_PER_LINE: usize = 16;
/// Phones that one line is configured on, registered or not; a configuration with more is refused.
pub const PHONES_PER_LINE: usize = 1000;
/// Phones that one call rings at once, those of all members of a broadcast line group; more are not rung.
pub const PHONES_AT_ONCE: usize = 256;
/// Bytes of contact, instance, Call-ID, User-Agent and Path of one registered contact; a longer one is answered 400.
pub const BINDING_TEXT_BYTES: usize = 4096;
/// Bytes of a phone's User-Agent that are kept; the rest is cut off.
pub const USER_AGENT_BYTES: usize = 255;
/// Stream connections at once; a further one is closed at once.
pub const STREAMS: usize = 100_000;
/// SIP transactions at once; beyond it new requests get 503 with Retry-After.
pub const TRANSACTIONS: usize = 500_000;
/// Digest nonces in use that are remembered, in each of two generations; beyond it the older ones count as stale.
pub const NONCES: usize = 262_144;
/// Calls at once on one shard; beyond it new calls get 503 with Retry-After.
pub const CALLS: usize = 100_000;
/// Parties that are recorded at once on one shard; beyond it no further one is, as where its recorder is not to be had.
pub const RECORDINGS: usize = 20_000;
/// Parties of a conference that a recorder is told one by one; of more, those who left first are told no more, and who comes then is not told.
pub const RECORDED_CONFEREES: usize = 64;
/// Times in a row that a recorder is called again that is not to be had; then the call is not recorded.
pub const RECORDER_RETRIES: u32 = 3;
/// Calls at once that are parked at numbers; beyond it no further one is.
pub const CALLS_PARKED: usize = 10_000;
/// Call backs at once on one shard; beyond it no further one is taken. As many phones are remembered with the line that they called last.
pub const CALL_BACKS: usize = 10_000;
/// Callers at once on one shard who hear why their call fails; a further one is released without hearing anything.
pub const ANNOUNCEMENTS: usize = 1000;
/// How long the annunciator plays a sound file that tells why a call fails; what is longer is not heard to its end.
pub const ANNOUNCEMENT_TIME: Duration = Duration::from_secs(60);
/// Numbers of one pattern of call park.
pub const PARK_NUMBERS: usize = 10_000;
/// Times that a re-INVITE or UPDATE of ours is tried again after 491; then the change counts as refused.
pub const CHANGE_RETRIES: u8 = 4;
/// Retry-After that is sent with 503.
pub const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Max-Forwards of requests that begin here (RFC 3261 §8.1.1.6).
pub const MAX_FORWARDS: u8 = 70;
/// How often in a row a peer may answer 422 to a session interval before the call is ended (RFC 4028 §7.3).
pub const SESSION_INTERVAL_RAISES: u8 = 3;
/// How long a device that asked for a transfer is told how it goes, unless it asks again (RFC 3515 §2.4.4).
pub const REFER_SUBSCRIPTION: Duration = Duration::from_secs(180);
/// How long a phone is asked to tell the keys of a number, unless it is asked again (RFC 4730 §3.1); a phone that has gone
/// is noticed by then.
pub const KEYS_SUBSCRIPTION: Duration = Duration::from_secs(300);
/// Subscriptions at once on one shard; a further SUBSCRIBE gets 503 with Retry-After.
pub const SUBSCRIPTIONS: usize = 200_000;
/// Subscriptions that watch one line; a further SUBSCRIBE gets 503 with Retry-After.
pub const WATCHERS_PER_LINE: usize = 1000;
/// Subscriptions of the phones of one line: a further SUBSCRIBE gets 503 with Retry-After. A phone has at most 199 busy lamps.
pub const SUBSCRIPTIONS_PER_WATCHER: usize = 2000;
/// Shortest subscription that is granted; a shorter one gets 423 (RFC 6665 §4.2.1.1).
pub const SUBSCRIPTION_MIN: Duration = Duration::from_secs(60);
/// Longest subscription that is granted; a longer one is cut. Also of one that asks for no time.
pub const SUBSCRIPTION_MAX: Duration = Duration::from_secs(3600);
/// Time from one NOTIFY to the next of the same subscription; what changes meanwhile is told together (RFC 4235 §3.10).
pub const NOTIFY_INTERVAL: Duration = Duration::from_secs(1);
/// Calls of a line that its watchers are told; further ones are not.
pub const CALLS_SHOWN: usize = 16;
/// Call records that wait for the disk; beyond it new calls get 503 until the disk takes records again.
pub const RECORDS_WAITING: usize = 10_000;
/// Media ports of one worker; opening another one fails and the call gets [`crate::Cause::RESOURCE_UNAVAILABLE`].
pub const MEDIA_PORTS: usize = 20_000;
/// Streams of one call that pass through this server beside the first audio stream. Further ones are refused.
pub const STREAMS_BESIDE: usize = 4;
/// Sources (SSRC) that one SRTP key serves in one direction; what more of them send is dropped until there is another key.
pub const SRTP_SOURCES: usize = 1024;
/// Seats of one conference; who would be one more gets [`crate::Cause::RESOURCE_UNAVAILABLE`].
pub const CONFERENCE_SEATS: usize = 128;
/// Phones that one page calls; more are passed over.
pub const PAGE_PHONES: usize = 256;
/// Overhead gateways of one paging group.
pub const PAGE_GATEWAYS: usize = 8;
/// Streams of music that go out to multicast addresses at once; who waits is sent music of its own when there are more.
pub const MUSIC_STREAMS: usize = 256;

/// Seats of one page: its phones, gateways, multicast address and talker.
pub const PAGE_SEATS: usize = PAGE_PHONES + PAGE_GATEWAYS + 2;
/// How long the sockets of a closed media port stay open while somebody goes on sending there; then they are closed, and who it was is not
/// taken for the peer of the next call.
pub const MEDIA_QUARANTINE_MAX: Duration = Duration::from_secs(60);
/// Keys that wait to be written into the media of one side of a relay; a further one is lost.
pub const KEYS_WAITING: usize = 32;
/// How long a peer is told keys of a call at most, unless it asks again: what RFC 4730 §4.4 has as the usual time.
pub const KEYS_TOLD: Duration = Duration::from_secs(7200);
/// How long a key may be held until a device that tells keys in NOTIFY says again that it is; a wish of ours that changes nothing else.
pub const KEY_HELD: Duration = Duration::from_secs(2);
/// Keys that a device presses in one second, as far as they come here; further ones are lost.
pub const KEYS_PER_SECOND: u32 = 20;
/// Bytes of one sound file; a larger one is refused.
pub const SOUND_BYTES: u64 = 128 * 1024 * 1024;
/// Seconds that one sound file plays; a longer one is refused.
pub const SOUND_SECONDS: u32 = 1200;
/// Seconds that all audio sources play together: a second takes 32 kB. What is beyond it is not played, and an alarm says so.
pub const SOUNDS_SECONDS: u64 = 7200;
/// Lines of one line group; a configuration with more is refused. In a broadcast group one call rings all of them.
pub const LINE_GROUP_MEMBERS: usize = 100;
/// Line groups of one hunt list; a configuration with more is refused. A call may go through all of them.
pub const HUNT_LIST_GROUPS: usize = 20;
/// Patterns, names and host routes of one dial plan; a file with more is refused.
pub const PATTERNS: usize = 1_000_000;
/// Partitions of one dial plan; a file with more is refused.
pub const PARTITIONS: usize = 10_000;
/// Calling search spaces of one dial plan; a file with more is refused.
pub const SEARCH_SPACES: usize = 10_000;
/// Characters of the partition names that one caller sees, with one between each two; a longer one is refused.
pub const SEARCH_SPACE_CLAUSE: usize = 1024;
/// Trunks of one route group; a group with more is refused.
pub const ROUTE_GROUP_DEVICES: usize = 250;
/// Route groups of one route list; a list with more is refused.
pub const ROUTE_LIST_MEMBERS: usize = 250;
/// Route groups, and route lists, of one configuration; a file with more is refused.
pub const ROUTE_LISTS: usize = 10_000;
/// Device pools of a plan, and as many device mobility infos. More are refused with the configuration.
pub const DEVICE_POOLS: usize = 10_000;
/// Subnets of a device mobility info. More are refused with the configuration.
pub const SUBNETS: usize = 10_000;
/// Most translations of one call that can be allowed.
pub const TRANSLATIONS: u32 = 1000;
