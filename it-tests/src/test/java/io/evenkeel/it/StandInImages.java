package io.evenkeel.it;

import com.github.dockerjava.api.exception.NotFoundException;
import java.util.Map;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.ImageNameSubstitutor;

/**
 * Takes the images that {@code it-tests/images/build} made of Debian's packages where the engine has them, and the official
 * ones elsewhere. Found by {@code ServiceLoader}.
 */
public final class StandInImages extends ImageNameSubstitutor {
    private static final Map<String, String> STAND_INS = Map.of("rabbitmq", "evenkeel-standin/rabbitmq");

    @Override
    public DockerImageName apply(DockerImageName original) {
        String repository = STAND_INS.get(original.getUnversionedPart());
        String standIn = repository + ":" + original.getVersionPart();
        if (repository == null || !isPresent(standIn)) {
            return original;
        }
        return DockerImageName.parse(standIn).asCompatibleSubstituteFor(original);
    }

    @Override
    protected String getDescription() {
        return "stand-ins built from Debian's packages";
    }

    private static boolean isPresent(String image) {
        try {
            DockerClientFactory.lazyClient().inspectImageCmd(image).exec();
            return true;
        } catch (NotFoundException absent) {
            return false;
        }
    }
}
