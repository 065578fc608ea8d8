package dev.weir.store.signing;

import dev.weir.service.config.Setting;
import dev.weir.store.artifact.StoreConfig;
import java.util.ArrayList;
import java.util.List;

/** The settings of processes that read or write artifacts: where they are, and who is believed. */
public final class StoreSettings {

  /** Whose adapters are believed. */
  public static final Setting<ArtifactTrust> TRUSTED_KEYS =
      new Setting<>(
          "WEIR_TRUSTED_KEYS",
          "",
          "PEM files, separated by commas",
          "Ed25519 public keys of trainers, see weir keys signing; adapters that none of them has"
              + " signed are refused; empty takes any adapter in the store",
          false,
          ArtifactTrust::parse);

  private StoreSettings() {}

  /** All of them, in the order of the table of settings. */
  public static List<Setting<?>> all() {
    List<Setting<?>> all = new ArrayList<>(StoreConfig.settings());
    all.add(TRUSTED_KEYS);
    return List.copyOf(all);
  }
}
