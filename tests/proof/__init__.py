"""The long proofs: shards that add up over runs, for as long as the code under proof is the same.

``make proof MINUTES=20`` runs what is missing, and writes docs/explanation/proofs.md."""
