//! Floor 2: calls and legs; knows signals, never SIP or SCCP.
