// All rooms are linked into this program whole (tests/CMakeLists.txt): two definitions of one name in two rooms end the
// build here, always, and not only in a program that happens to pull in both.
int main() { return 0; }
