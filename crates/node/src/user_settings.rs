//! What users set by themselves, for programs that look at it and set it.

use strowger_base::journal::{CallBackTo, ForwardedTo, SetBy, UserSet, UserValue};
use strowger_base::leg::BindingId;
use strowger_base::{LineName, Now};

use crate::io::{Answer, Outbox, Output, QueryId, UserSetting};
use crate::node::Node;

impl Node {
    /// Everything that users set.
    pub(crate) fn user_settings(&self) -> Vec<UserSetting> {
        let view = |(at, set): (_, UserSet<'_>)| UserSetting {
            line: set.line.into(),
            phone: set.phone.into(),
            setting: set.value.word().into(),
            value: set.value.text().into(),
            by: match set.by {
                SetBy::Phone | SetBy::Server => Box::default(),
                SetBy::Program(name) => name.into(),
            },
            at,
        };
        self.calls.user_settings().map(view).collect()
    }

    /// Sets something for a user; whoever asks hears what is wrong at once, and that it is done when the disk has it.
    pub(crate) fn set_for_user(&mut self, now: Now, query: QueryId, setting: &UserSetting, out: &mut Outbox) {
        match self.checked(setting) {
            Ok(value) => {
                let by = SetBy::Program(&setting.by);
                let set = UserSet { line: &setting.line, phone: &setting.phone, value, by };
                let asked = query.0;
                self.tell_calls(now, strowger_callcontrol::Input::Set { asked, set }, out);
            }
            Err(why) => {
                let answer = Answer::SetForUser(Err(why.into()));
                out.items.push(Output::Answer { query, answer });
            }
        }
    }

    /// The key of a phone for hunts was pressed; it is told when the disk has what that changes.
    pub(crate) fn hunt_key(&mut self, now: Now, binding: BindingId, out: &mut Outbox) {
        let Some(contact) = self.sip.registrar().binding(binding) else { return };
        let line = LineName::from(contact.line());
        let name = self.phone_name(self.lines.get(line.as_str()), binding);
        let phone = name.as_deref().unwrap_or_default();
        self.tell_calls(now, strowger_callcontrol::Input::HuntLog { line: &line, phone, binding }, out);
    }

    fn checked<'s>(&self, setting: &'s UserSetting) -> Result<UserValue<'s>, String> {
        let UserSetting { line, phone, setting: word, value, .. } = setting;
        let Some(read) = UserValue::read(word, value) else {
            return Err(format!("there is no setting {word} that could be {value:?}"));
        };
        if let UserValue::Forward { to: ForwardedTo::Number(number), .. } = read {
            strowger_dialplan::forward::ForwardTarget::number(number, ()).map_err(|why| why.to_string())?;
        }
        if let UserValue::CallBack(CallBackTo::WhenIdle(_) | CallBackTo::AfterUse(_)) = read {
            return Err(
                "a call back is asked for at the phone; here it is only ended, by an empty value".into()
            );
        }
        let known = |line: &str| self.lines.get(line);
        if read.is_of_line() {
            return match known(line) {
                Some(_) => Ok(read),
                None => Err(format!("there is no line {line}")),
            };
        }
        let is_it = |name: &Option<std::sync::Arc<str>>| name.as_deref() == Some(&**phone);
        let has = |account: &strowger_sip::io::LineAccount| account.phones.iter().any(|it| is_it(&it.name));
        let found = match known(line) {
            // The one phone of a line may have no name.
            Some(account) => has(account) || (phone.is_empty() && account.phones.len() == 1),
            None => line.is_empty() && self.lines.iter().any(|(_, account)| has(account)),
        };
        if found { Ok(read) } else { Err(format!("there is no phone {phone}")) }
    }
}
