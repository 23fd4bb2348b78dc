//! The names of types: PhantomDB SQL's to PostgreSQL's, and PostgreSQL's back.
