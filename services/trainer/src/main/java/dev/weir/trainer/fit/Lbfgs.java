package dev.weir.trainer.fit;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * Minimises a smooth convex function with limited memory (Liu and Nocedal, 1989), with a
 * backtracking line search.
 */
final class Lbfgs {

  private static final int MEMORY = 8;
  private static final int MAX_BACKTRACKS = 40;
  private static final double SUFFICIENT_DECREASE = 1e-4;

  private Lbfgs() {}

  /** A function with its gradient. */
  interface Objective {
    /** The value at {@code x}; fills {@code gradient}. */
    double at(double[] x, double[] gradient);
  }

  @SuppressWarnings("ArrayRecordComponent") // a step of the search, compared by nobody
  private record Update(double[] s, double[] y, double rho) {}

  /**
   * Goes from {@code start} until the gradient's largest entry is at most {@code tolerance}.
   *
   * @return the minimum found; {@code start} is left alone
   */
  static double[] minimize(
      Objective objective, double[] start, double tolerance, int maxIterations) {
    double[] x = start.clone();
    double[] gradient = new double[x.length];
    double value = objective.at(x, gradient);
    Deque<Update> updates = new ArrayDeque<>();
    for (int i = 0; i < maxIterations && largest(gradient) > tolerance; i++) {
      double[] direction = direction(gradient, updates);
      double slope = dot(direction, gradient);
      double step = updates.isEmpty() ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
      double[] next = new double[x.length];
      double[] nextGradient = new double[x.length];
      double nextValue = value;
      boolean better = false;
      for (int tries = 0; tries < MAX_BACKTRACKS && !better; tries++, step /= 2) {
        for (int j = 0; j < x.length; j++) {
          next[j] = x[j] + step * direction[j];
        }
        nextValue = objective.at(next, nextGradient);
        better = nextValue <= value + SUFFICIENT_DECREASE * step * slope;
      }
      if (!better) {
        return x; // as near as doubles get
      }
      remember(updates, x, next, gradient, nextGradient);
      x = next;
      gradient = nextGradient;
      value = nextValue;
    }
    return x;
  }

  private static void remember(
      Deque<Update> updates, double[] x, double[] next, double[] gradient, double[] nextGradient) {
    double[] s = minus(next, x);
    double[] y = minus(nextGradient, gradient);
    double curvature = dot(s, y);
    if (curvature > 1e-12 * Math.sqrt(dot(y, y)) * Math.sqrt(dot(s, s))) {
      if (updates.size() == MEMORY) {
        updates.removeLast();
      }
      updates.addFirst(new Update(s, y, 1 / curvature));
    }
  }

  /** The two-loop recursion: minus the approximate inverse Hessian times the gradient. */
  private static double[] direction(double[] gradient, Deque<Update> updates) {
    double[] q = gradient.clone();
    double[] alphas = new double[updates.size()];
    int i = 0;
    for (Update update : updates) {
      alphas[i] = update.rho() * dot(update.s(), q);
      add(q, -alphas[i++], update.y());
    }
    Update newest = updates.peekFirst();
    double scale = newest == null ? 1 : 1 / (newest.rho() * dot(newest.y(), newest.y()));
    for (int j = 0; j < q.length; j++) {
      q[j] *= scale;
    }
    for (Iterator<Update> oldest = updates.descendingIterator(); oldest.hasNext(); ) {
      Update update = oldest.next();
      add(q, alphas[--i] - update.rho() * dot(update.y(), q), update.s());
    }
    for (int j = 0; j < q.length; j++) {
      q[j] = -q[j];
    }
    return q;
  }

  private static void add(double[] to, double factor, double[] what) {
    for (int j = 0; j < to.length; j++) {
      to[j] += factor * what[j];
    }
  }

  private static double[] minus(double[] a, double[] b) {
    double[] difference = a.clone();
    add(difference, -1, b);
    return difference;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int j = 0; j < a.length; j++) {
      sum += a[j] * b[j];
    }
    return sum;
  }

  private static double largest(double[] values) {
    double largest = 0;
    for (double value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }
}
