package dev.weir.model.session;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Rows of a batch and the slots that they want, each slot once: what a device with memory of its
 * own has to be given for a run.
 *
 * @param slots the slots, in the order of their first row
 * @param rows per row where its slot is among {@code slots}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and copied by no one
record ChosenSlots(int[] slots, int[] rows) {

  /**
   * As many rows as want no more than {@code most} slots, at least one.
   *
   * @param slotByRow the slot of each row of the batch
   * @param from the first row to take
   */
  static ChosenSlots of(int[] slotByRow, int from, int most) {
    Map<Integer, Integer> places = new LinkedHashMap<>();
    int[] rows = new int[slotByRow.length - from];
    int count = 0;
    for (int row = from; row < slotByRow.length; row++) {
      if (!places.containsKey(slotByRow[row]) && places.size() == Math.max(most, 1)) {
        break;
      }
      rows[count++] = places.computeIfAbsent(slotByRow[row], slot -> places.size());
    }
    int[] slots = places.keySet().stream().mapToInt(Integer::intValue).toArray();
    return new ChosenSlots(slots, Arrays.copyOf(rows, count));
  }
}
