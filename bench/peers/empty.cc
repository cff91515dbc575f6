// A program that does nothing, linked statically: the least that any whole process can take.
int main() { return 0; }
