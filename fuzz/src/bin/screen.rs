//! Fuzzes the target of its name.

fn main() {
    strowger_fuzz::main("screen");
}
