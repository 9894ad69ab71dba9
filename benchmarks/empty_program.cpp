// What `physprobe bench --only start-up` is compared with: nothing but the libraries.
int main() {
  return 0;
}
