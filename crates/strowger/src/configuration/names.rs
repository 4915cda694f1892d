//! What CUCM calls the tables and columns that engineers know: the only place where its names stand.
//!
//! A kind that is not here has a table called like itself; a setting that is not here a column called like itself. The numbers
//! of `tkclass` and `tkpatternusage` are CUCM's.

/// CUCM's names for one kind.
pub(super) struct Names {
    /// The kind's word.
    pub(super) kind: &'static str,
    /// The table of its objects.
    pub(super) table: &'static str,
    /// Columns that are the same for all of the kind: what tells kinds of one table apart.
    pub(super) fixed: &'static [(&'static str, i64)],
    /// Settings whose columns are called otherwise, by their paths; two that are called the same share a column.
    pub(super) columns: &'static [(&'static str, &'static str)],
    /// Lists whose tables are called otherwise, by their paths.
    pub(super) members: &'static [(&'static str, Member)],
}

/// CUCM's names for the table of a list.
pub(super) struct Member {
    pub(super) table: &'static str,
    /// The column with the object that the list belongs to, when it is not `fk` and the object's table.
    pub(super) owner: Option<&'static str>,
    /// The column with the position, from 1.
    pub(super) order: &'static str,
    /// Settings of an entry whose columns are called otherwise; the empty path is the entry itself.
    pub(super) columns: &'static [(&'static str, &'static str)],
}

impl Names {
    /// Names for a kind, if CUCM has any.
    pub(super) fn of(kind: &str) -> Option<&'static Names> {
        NAMES.iter().find(|names| names.kind == kind)
    }
}

const fn member(
    table: &'static str,
    order: &'static str,
    columns: &'static [(&'static str, &'static str)],
) -> Member {
    Member { table, owner: None, order, columns }
}

/// A matrix: both sides are of the same kind.
const fn matrix(
    table: &'static str,
    owner: &'static str,
    columns: &'static [(&'static str, &'static str)],
) -> Member {
    Member { table, owner: Some(owner), order: "sortorder", columns }
}

pub(super) const NAMES: &[Names] = &[
    Names { kind: "server", table: "processnode", fixed: &[], columns: &[], members: &[] },
    Names {
        kind: "callmanager_group",
        table: "callmanagergroup",
        fixed: &[],
        columns: &[],
        members: &[("servers", member("callmanagergroupmember", "priority", &[]))],
    },
    Names {
        kind: "date_time_group",
        table: "datetimesetting",
        fixed: &[],
        columns: &[("zone", "timezone")],
        members: &[],
    },
    Names { kind: "codec_preference_list", table: "codeclist", fixed: &[], columns: &[], members: &[] },
    Names {
        kind: "region",
        table: "region",
        fixed: &[],
        columns: &[],
        members: &[(
            "relations",
            matrix(
                "regionmatrix",
                "fkregion_a",
                &[
                    ("region", "fkregion_b"),
                    ("codecs", "fkcodeclist"),
                    ("audio", "audiobandwidth"),
                    ("video", "videobandwidth"),
                ],
            ),
        )],
    },
    Names {
        kind: "location",
        table: "location",
        fixed: &[],
        columns: &[("audio", "kbits"), ("video", "videokbits"), ("immersive", "immersivevideokbits")],
        members: &[(
            "links",
            matrix(
                "locationmatrix",
                "fklocation_a",
                &[
                    ("location", "fklocation_b"),
                    ("audio", "kbits"),
                    ("video", "videokbits"),
                    ("immersive", "immersivevideokbits"),
                ],
            ),
        )],
    },
    Names { kind: "mobility_group", table: "devicemobilitygroup", fixed: &[], columns: &[], members: &[] },
    Names { kind: "mobility_info", table: "devicemobilityinfo", fixed: &[], columns: &[], members: &[] },
    Names {
        kind: "partition",
        table: "routepartition",
        fixed: &[],
        columns: &[("zone", "timezone")],
        members: &[],
    },
    Names {
        kind: "calling_search_space",
        table: "callingsearchspace",
        fixed: &[],
        columns: &[],
        members: &[("partitions", member("callingsearchspacemember", "sortorder", &[]))],
    },
    Names {
        kind: "aar_group",
        table: "aarneighborhood",
        fixed: &[],
        columns: &[],
        members: &[(
            "prefixes",
            matrix(
                "aardialprefixmatrix",
                "fkaarneighborhood_from",
                &[("group", "fkaarneighborhood_to"), ("prefix", "dialprefix")],
            ),
        )],
    },
    Names {
        kind: "authorization_code",
        table: "facinfo",
        fixed: &[],
        columns: &[("level", "authorizationlevel")],
        members: &[],
    },
    Names { kind: "matter_code", table: "cmcinfo", fixed: &[], columns: &[], members: &[] },
    Names {
        kind: "sip_trunk_security_profile",
        table: "securityprofile",
        fixed: &[],
        columns: &[],
        members: &[],
    },
    Names {
        kind: "phone_security_profile",
        table: "securityprofile",
        fixed: &[],
        columns: &[],
        members: &[],
    },
    Names {
        kind: "phone_button_template",
        table: "phonetemplate",
        fixed: &[],
        columns: &[],
        members: &[("buttons", member("phonebutton", "buttonnum", &[]))],
    },
    Names {
        kind: "voice_mail_profile",
        table: "voicemessagingprofile",
        fixed: &[],
        columns: &[("box_mask", "voicemailboxmask")],
        members: &[],
    },
    Names {
        kind: "device_pool",
        table: "devicepool",
        fixed: &[],
        columns: &[
            ("local_route_group", "fkroutegroup_local"),
            ("aar_search_space", "fkcallingsearchspace_aar"),
            ("mobility_search_space", "fkcallingsearchspace_mobility"),
            ("user_hold_source", "userholdmohaudiosourceid"),
            ("network_hold_source", "networkholdmohaudiosourceid"),
            ("transformation_spaces.calling", "fkcallingsearchspace_cgpntransform"),
            ("transformation_spaces.called", "fkcallingsearchspace_cdpntransform"),
        ],
        members: &[("local_route_groups", member("devicepoolroutegroupmap", "sortorder", &[]))],
    },
    Names {
        kind: "audio_source",
        table: "mohaudiosource",
        fixed: &[],
        columns: &[("number", "sourceid"), ("file", "sourcefile")],
        members: &[],
    },
    Names {
        kind: "media_resource_group",
        table: "mediaresourcegroup",
        fixed: &[],
        columns: &[],
        members: &[("resources", member("mediaresourcegroupmember", "sortorder", &[]))],
    },
    Names {
        kind: "media_resource_group_list",
        table: "mediaresourcelist",
        fixed: &[],
        columns: &[],
        members: &[("groups", member("mediaresourcelistmember", "sortorder", &[]))],
    },
    Names {
        kind: "trunk",
        table: "device",
        fixed: &[("tkclass", 18)],
        columns: &[
            ("search_space", "fkcallingsearchspace"),
            ("media_resource_group_list", "fkmediaresourcelist"),
            ("security_profile", "fksecurityprofile"),
            ("inbound.calling_transformations", "fkcallingsearchspace_incomingcgpn"),
            ("transformation_spaces.calling", "fkcallingsearchspace_cgpntransform"),
            ("transformation_spaces.called", "fkcallingsearchspace_cdpntransform"),
        ],
        members: &[("destinations", member("siptrunkdestination", "sortorder", &[("", "address")]))],
    },
    Names {
        kind: "gateway",
        table: "device",
        fixed: &[("tkclass", 2)],
        columns: &[
            ("search_space", "fkcallingsearchspace"),
            ("media_resource_group_list", "fkmediaresourcelist"),
            ("inbound.calling_transformations", "fkcallingsearchspace_incomingcgpn"),
            ("transformation_spaces.calling", "fkcallingsearchspace_cgpntransform"),
            ("transformation_spaces.called", "fkcallingsearchspace_cdpntransform"),
        ],
        members: &[],
    },
    Names {
        kind: "route_group",
        table: "routegroup",
        fixed: &[],
        columns: &[],
        members: &[(
            "members",
            member(
                "routegroupdevicemap",
                "deviceselectionorder",
                &[("trunk", "fkdevice"), ("gateway", "fkdevice")],
            ),
        )],
    },
    Names {
        kind: "route_list",
        table: "device",
        fixed: &[("tkclass", 7)],
        columns: &[],
        members: &[("members", member("routelist", "selectionorder", &[]))],
    },
    Names {
        kind: "hunt_list",
        table: "device",
        fixed: &[("tkclass", 7)],
        columns: &[],
        members: &[("line_groups", member("routelist", "selectionorder", &[]))],
    },
    Names {
        kind: "line",
        table: "numplan",
        fixed: &[("tkpatternusage", 2)],
        columns: &[
            ("pattern", "dnorpattern"),
            ("urgent", "patternurgency"),
            ("search_space", "fkcallingsearchspace_sharedlineappear"),
            ("voice_mail", "fkvoicemessagingprofile"),
            ("calls_max", "maxnumcalls"),
            ("busy_trigger", "busytrigger"),
            ("external_mask", "e164mask"),
            ("user_hold_source", "userholdmohaudiosourceid"),
            ("network_hold_source", "networkholdmohaudiosourceid"),
            ("forwards.all.number", "cfadestination"),
            ("forwards.all.voice_mail", "cfavoicemailenabled"),
            ("forwards.all.search_space", "fkcallingsearchspace_cfa"),
            ("forwards.busy_external.number", "cfbdestination"),
            ("forwards.busy_external.voice_mail", "cfbvoicemailenabled"),
            ("forwards.busy_external.search_space", "fkcallingsearchspace_cfb"),
            ("forwards.busy_internal.number", "cfbintdestination"),
            ("forwards.busy_internal.voice_mail", "cfbintvoicemailenabled"),
            ("forwards.busy_internal.search_space", "fkcallingsearchspace_cfbint"),
            ("forwards.no_answer_external.number", "cfnadestination"),
            ("forwards.no_answer_external.voice_mail", "cfnavoicemailenabled"),
            ("forwards.no_answer_external.search_space", "fkcallingsearchspace_cfna"),
            ("forwards.no_answer_internal.number", "cfnaintdestination"),
            ("forwards.no_answer_internal.voice_mail", "cfnaintvoicemailenabled"),
            ("forwards.no_answer_internal.search_space", "fkcallingsearchspace_cfnaint"),
            ("forwards.unregistered_external.number", "cfurdestination"),
            ("forwards.unregistered_external.voice_mail", "cfurvoicemailenabled"),
            ("forwards.unregistered_external.search_space", "fkcallingsearchspace_cfur"),
            ("forwards.unregistered_internal.number", "cfurintdestination"),
            ("forwards.unregistered_internal.voice_mail", "cfurintvoicemailenabled"),
            ("forwards.unregistered_internal.search_space", "fkcallingsearchspace_cfurint"),
            ("forwards.no_coverage_external.number", "pffdestination"),
            ("forwards.no_coverage_external.voice_mail", "pffvoicemailenabled"),
            ("forwards.no_coverage_external.search_space", "fkcallingsearchspace_pff"),
            ("forwards.no_coverage_internal.number", "pffintdestination"),
            ("forwards.no_coverage_internal.voice_mail", "pffintvoicemailenabled"),
            ("forwards.no_coverage_internal.search_space", "fkcallingsearchspace_pffint"),
            ("forwards.cti_failure.number", "devicefailuredestination"),
            ("forwards.cti_failure.voice_mail", "devicefailurevoicemailenabled"),
            ("forwards.cti_failure.search_space", "fkcallingsearchspace_devicefailure"),
        ],
        members: &[],
    },
    Names {
        kind: "line_group",
        table: "linegroup",
        fixed: &[],
        columns: &[],
        members: &[("members", member("linegroupnumplanmap", "lineselectionorder", &[]))],
    },
    Names {
        kind: "hunt_pilot",
        table: "numplan",
        fixed: &[("tkpatternusage", 7)],
        columns: &[
            ("pattern", "dnorpattern"),
            ("urgent", "patternurgency"),
            ("filter", "fkroutefilter"),
            ("hunt_list", "fkdevice"),
        ],
        members: &[],
    },
    Names {
        kind: "translation_pattern",
        table: "numplan",
        fixed: &[("tkpatternusage", 3)],
        columns: &[
            ("pattern", "dnorpattern"),
            ("urgent", "patternurgency"),
            ("filter", "fkroutefilter"),
            ("search_space", "fkcallingsearchspace_translation"),
        ],
        members: &[],
    },
    Names {
        kind: "route_pattern",
        table: "numplan",
        fixed: &[("tkpatternusage", 5)],
        columns: &[
            ("pattern", "dnorpattern"),
            ("urgent", "patternurgency"),
            ("filter", "fkroutefilter"),
            ("trunk", "fkdevice"),
            ("gateway", "fkdevice"),
            ("route_list", "fkdevice"),
        ],
        members: &[],
    },
    Names {
        kind: "blocked_pattern",
        table: "numplan",
        fixed: &[("tkpatternusage", 5)],
        columns: &[("pattern", "dnorpattern"), ("urgent", "patternurgency"), ("filter", "fkroutefilter")],
        members: &[],
    },
    Names {
        kind: "sip_route_pattern",
        table: "numplan",
        fixed: &[("tkpatternusage", 9)],
        columns: &[("pattern", "dnorpattern"), ("trunk", "fkdevice"), ("route_list", "fkdevice")],
        members: &[],
    },
    Names {
        kind: "calling_transformation_pattern",
        table: "numplan",
        fixed: &[("tkpatternusage", 15)],
        columns: &[("pattern", "dnorpattern")],
        members: &[],
    },
    Names {
        kind: "called_transformation_pattern",
        table: "numplan",
        fixed: &[("tkpatternusage", 20)],
        columns: &[("pattern", "dnorpattern")],
        members: &[],
    },
    Names {
        kind: "call_park",
        table: "numplan",
        fixed: &[("tkpatternusage", 0)],
        columns: &[("pattern", "dnorpattern")],
        members: &[],
    },
    Names {
        kind: "meet_me",
        table: "numplan",
        fixed: &[("tkpatternusage", 1)],
        columns: &[("pattern", "dnorpattern")],
        members: &[],
    },
    Names {
        kind: "directed_call_park",
        table: "numplan",
        fixed: &[("tkpatternusage", 12)],
        columns: &[("pattern", "dnorpattern"), ("reversion_search_space", "fkcallingsearchspace_reversion")],
        members: &[],
    },
    Names {
        kind: "pickup_group",
        table: "pickupgroup",
        fixed: &[],
        columns: &[],
        members: &[
            ("lines", member("pickupgrouplinemap", "sortorder", &[("", "fknumplan_line")])),
            ("others", matrix("pickupgroupmember", "fkpickupgroup", &[("", "fkpickupgroup_other")])),
        ],
    },
    Names {
        kind: "cti_port",
        table: "device",
        fixed: &[("tkclass", 1)],
        columns: &[
            ("search_space", "fkcallingsearchspace"),
            ("media_resource_group_list", "fkmediaresourcelist"),
        ],
        members: &[(
            "lines",
            member(
                "devicenumplanmap",
                "numplanindex",
                &[("line", "fknumplan"), ("external_mask", "e164mask")],
            ),
        )],
    },
    Names {
        kind: "cti_route_point",
        table: "device",
        fixed: &[("tkclass", 10)],
        columns: &[
            ("search_space", "fkcallingsearchspace"),
            ("media_resource_group_list", "fkmediaresourcelist"),
        ],
        members: &[(
            "lines",
            member(
                "devicenumplanmap",
                "numplanindex",
                &[("line", "fknumplan"), ("external_mask", "e164mask")],
            ),
        )],
    },
    Names {
        kind: "phone",
        table: "device",
        fixed: &[("tkclass", 1)],
        columns: &[
            ("search_space", "fkcallingsearchspace"),
            ("security_profile", "fksecurityprofile"),
            ("button_template", "fkphonetemplate"),
            ("owner", "fkenduser"),
            ("more.location", "fklocation"),
            ("more.media_resource_group_list", "fkmediaresourcelist"),
            ("more.user_hold_source", "userholdmohaudiosourceid"),
            ("more.network_hold_source", "networkholdmohaudiosourceid"),
            ("more.aar_search_space", "fkcallingsearchspace_aar"),
            ("more.aar_group", "fkaarneighborhood"),
            ("more.subscribe_search_space", "fkcallingsearchspace_subscribe"),
            ("more.soft_key_template", "fksoftkeytemplate"),
            ("more.mobility", "mobility"),
            ("more.do_not_disturb", "do_not_disturb"),
            ("more.privacy", "privacy"),
            ("more.load", "load"),
            ("more.cti_control", "cti_control"),
        ],
        members: &[
            (
                "lines",
                member(
                    "devicenumplanmap",
                    "numplanindex",
                    &[("line", "fknumplan"), ("external_mask", "e164mask")],
                ),
            ),
            ("keys.speed_dials", member("speeddial", "speeddialindex", &[("number", "speeddialnumber")])),
            (
                "keys.busy_lamp_fields",
                member("blfspeeddial", "blfindex", &[("line", "fknumplan"), ("number", "blfdestination")]),
            ),
        ],
    },
    Names {
        kind: "end_user",
        table: "enduser",
        fixed: &[],
        columns: &[
            ("name", "userid"),
            ("first_name", "firstname"),
            ("last_name", "lastname"),
            ("mail", "mailid"),
            ("telephone", "telephonenumber"),
        ],
        members: &[(
            "devices",
            member(
                "enduserdevicemap",
                "sortorder",
                &[("phone", "fkdevice"), ("cti_port", "fkdevice"), ("cti_route_point", "fkdevice")],
            ),
        )],
    },
    Names {
        kind: "application_user",
        table: "applicationuser",
        fixed: &[],
        columns: &[],
        members: &[(
            "devices",
            member(
                "applicationuserdevicemap",
                "sortorder",
                &[("phone", "fkdevice"), ("cti_port", "fkdevice"), ("cti_route_point", "fkdevice")],
            ),
        )],
    },
];
