# The demonstration's client. From the checkout's root:
#   docker build -f deploy/sample/client.Dockerfile -t evenkeel-demo:0.1.0 .
# For another platform than this machine's, as BuildKit sets it: --platform linux/arm64
FROM --platform=$BUILDPLATFORM maven:3.9-eclipse-temurin-17 AS build
ARG TARGETARCH=amd64
WORKDIR /src
COPY . .
# Netty brings its natives for every platform; one of them can be used.
RUN mvn -B -q -pl demo -am package dependency:copy-dependencies -DskipTests -Dspotless.check.skip \
      -Dmaven.javadoc.skip -Dmaven.source.skip -DincludeScope=runtime -DexcludeGroupIds=io.zonky.test.postgres \
 && mkdir -p /app/lib && cp demo/target/dependency/*.jar demo/target/evenkeel-demo-*.jar /app/lib/ \
 && case "$TARGETARCH" in amd64) arch=linux-x86_64 ;; arm64) arch=linux-aarch_64 ;; *) arch=none ;; esac \
 && find /app/lib \( -name '*-linux-*.jar' -o -name '*-osx-*.jar' -o -name '*-windows-*.jar' \) ! -name "*-$arch.jar" -delete

FROM eclipse-temurin:17-jre
COPY --from=build /app/lib /app/lib
USER 10001
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=60", "-cp", "/app/lib/*", "io.evenkeel.demo.Demo"]
