//! What happens to things by accident or by staff's hands: they slip, stray, are taken out, put in. A card is never
//! made but as a fresh blank on the stack.

use super::{Card, FilmPlace, PATH, Place, ROOM, World};

impl World {
    /// The press is as cold as the room.
    pub fn cool(&mut self) {
        self.heater = ROOM;
    }

    /// Something slips off the path where no sensor looks.
    pub fn lose(&mut self) {
        for (place, _) in &PATH[..5] {
            self.shift(*place, Place::Fallen);
        }
    }

    /// A piece of film slips off the platen.
    pub fn lose_film(&mut self) {
        let loose = self.films.iter_mut().filter(|film| film.place == FilmPlace::Platen);
        loose.for_each(|film| film.place = FilmPlace::Fallen);
    }

    /// A blank comes to lie in the path that nobody picked.
    pub fn stray(&mut self) {
        if let Some(card) = self.cards.iter_mut().find(|card| card.place == Place::Hopper) {
            card.place = Place::Merge;
        }
    }

    /// Staff opens the machine and takes out whatever lies in the path; the count.
    pub fn clear_path(&mut self) -> u32 {
        let mut count = 0;
        for card in &mut self.cards {
            if PATH.iter().any(|(place, _)| *place == card.place) || card.place == Place::Fallen {
                card.place = Place::Staff;
                count += 1;
            }
        }
        let loose = [FilmPlace::Platen, FilmPlace::Jammed];
        let loose = self.films.iter_mut().filter(|film| loose.contains(&film.place));
        loose.for_each(|film| film.place = FilmPlace::Fallen);
        count
    }

    /// Staff puts blanks on the stack, a new roll and a new medium in (0: none).
    pub fn load(&mut self, blanks: u16, film: u16, medium: u16) {
        for _ in 0..blanks {
            let id = u32::try_from(self.cards.len() + 1).unwrap_or(u32::MAX);
            self.cards.push(Card::blank(id));
        }
        self.roll = if film > 0 { film } else { self.roll };
        self.medium = if medium > 0 { medium } else { self.medium };
    }

    /// Staff empties both bins; how many blanks were in each.
    pub fn empty_bins(&mut self) -> (u32, u32) {
        let counts = (self.count(Place::RejectBin), self.count(Place::RetractBin));
        self.shift(Place::RejectBin, Place::Staff);
        self.shift(Place::RetractBin, Place::Staff);
        counts
    }
}
