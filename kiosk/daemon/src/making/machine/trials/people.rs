//! Who may act is read for each act: who leaves is out with the next one, who comes is in, without a restart.

use kiosk_outbox::making::StaffFile;
use ticket_dispatcher_protocol::{MakerAction, MakerOrder, MakerStaff, OrderMaker};
use ticket_dispatcher_types::Personal;

use super::*;

const PASSWORD: &str = "ten characters at least";

fn write(path: &Path, people: &[u32]) {
    let entry = |no: &u32| StaffFile::entry(*no, PASSWORD, &[7; 16]).expect("an entry");
    let text: String = people.iter().map(entry).collect();
    std::fs::write(path, text).expect("written");
}

fn home(kiosk: &mut Kiosk, no: u32) -> Result<String, String> {
    let person = MakerStaff {
        no,
        password: Personal::new(PASSWORD),
    };
    let order = OrderMaker {
        staff: vec![person],
        action: MakerAction::Home,
    };
    kiosk
        .machine
        .act(&MakerOrder { id: 1, order })
        .expect("the store holds")
}

#[test]
fn who_is_taken_out_of_the_file_is_out_at_once_and_who_is_put_in_is_in() {
    let (folder, office, line) = (Folder::new("people"), Office::new(), line());
    let path = folder.store("staff.toml");
    write(&path, &[1001]);
    let mut kiosk = Kiosk::new("K01", &line, &office, &folder.store("m.sqlite"));
    kiosk.machine.staff = Some(path.clone());
    kiosk.state();
    home(&mut kiosk, 1001).expect("on the list");
    for _ in 0..6 {
        home(&mut kiosk, 1002).expect_err("nobody yet");
    }
    home(&mut kiosk, 1001).expect("whom a stranger's tries do not lock");
    write(&path, &[1002]);
    let said = home(&mut kiosk, 1001).expect_err("gone");
    assert!(said.contains("工号 1001 或密码不对"), "{said}");
    home(&mut kiosk, 1002).expect("new, and not locked by what was tried before");
    std::fs::write(&path, "no list").expect("written");
    let said = home(&mut kiosk, 1002).expect_err("nobody can be known");
    assert!(said.contains("名单"), "{said}");
    std::fs::remove_file(&path).expect("removed");
    home(&mut kiosk, 1002).expect_err("nobody can be known");
}
