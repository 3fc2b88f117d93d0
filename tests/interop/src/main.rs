//! Writes cases into a folder: graphs as files of other formats, and numbers for their arguments with the crate's own results.

mod backend;
mod case;
mod models;
mod ops;
mod training;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("the folder to write to is missing")?);
    let only = arguments.next();
    if only.as_deref() == Some("--read") {
        return backend::read_all(&folder);
    }
    let trainings = folder.join("trainings");
    std::fs::create_dir_all(&trainings)?;
    ops::write_all(&folder, only.as_deref())?;
    models::write_models(&folder, only.as_deref())?;
    if only.as_deref().is_none_or(|only| only == "trainings") {
        training::write_trainings(&trainings)?;
    }
    Ok(())
}
