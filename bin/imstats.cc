// imstats
int main() { return 0; }
